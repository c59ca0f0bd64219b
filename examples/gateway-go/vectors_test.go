package main

import (
	"encoding/json"
	"os"
	"testing"
	"time"
)

type wire struct {
	Name    string
	Headers map[string]string
	Value   string
}

func (w wire) isTaken(view *View, partition int64, now time.Time) bool {
	return view.Take(partition, w.Headers, []byte(w.Value), now)
}

func vectors(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile("../../test/fixtures/protocol/" + file)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func newView(t *testing.T, settings []byte) *View {
	var answer struct{ Answer Lease }
	vectors(t, "lease.json", &answer)
	lease := answer.Answer
	if settings != nil && json.Unmarshal(settings, &lease) != nil {
		t.Fatal("settings")
	}
	view := &View{&lease, map[string]int64{}, map[string]bool{}, map[int64]*chain{}, false}
	for p := range lease.Partitions {
		begin(view, p, 1<<62)
	}
	return view
}

func begin(view *View, p, sought int64) {
	view.chains[p] = &chain{sought: sought, head: -1, digests: map[int64]string{}, missing: map[string]int64{}}
}

func TestMessages(t *testing.T) {
	var good, refused []wire
	vectors(t, "messages.json", &good)
	vectors(t, "refused.json", &refused)
	for _, w := range good {
		w.Headers["ofs-type"] += map[bool]string{true: " is for the service"}[w.Headers["ofs-type"] == "receipt"]
		isOurs := w.Headers["ofs-type"] == "revocation" // the watermarks count another number of partitions
		if believed := w.isTaken(newView(t, nil), 0, time.Now()); isOurs && !believed {
			t.Errorf("not believed: %s", w.Name)
		}
	}
	for _, w := range refused {
		if w.isTaken(newView(t, nil), 0, time.Now()) {
			t.Errorf("believed: %s", w.Name)
		}
	}
}

func TestTokens(t *testing.T) {
	var all struct {
		Now     time.Time
		Jwks    Keys
		Revoked []wire
		Cases   []struct{ Name, Verdict, Token string }
	}
	vectors(t, "tokens.json", &all)
	view := newView(t, []byte(`{"partitions": 0}`)) // which is as fresh as can be
	for _, w := range all.Revoked {
		w.isTaken(view, 0, all.Now)
	}
	said := map[string]int{"allow": 200, "deny": 401, "unsure": 503}
	for _, c := range all.Cases {
		if status := view.Check("Bearer "+c.Token, all.Jwks, all.Now); status != said[c.Verdict] {
			t.Errorf("%s: %d", c.Name, status)
		}
	}
}

func TestViews(t *testing.T) {
	var stories []struct {
		Name     string
		Settings json.RawMessage
		Steps    []struct {
			Now     time.Time
			Restart *struct {
				Partition int64
				Sought    *time.Time
			}
			Receive *struct {
				Partition int64
				Messages  []wire
			}
			State string
			Least map[string]int64
		}
	}
	vectors(t, "views.json", &stories)
	for _, story := range stories {
		view := newView(t, story.Settings)
		for i, step := range story.Steps {
			if r := step.Restart; r != nil && r.Sought != nil {
				begin(view, r.Partition, r.Sought.UnixMilli())
			} else if r != nil {
				begin(view, r.Partition, -1<<62)
			}
			if step.Receive != nil {
				for _, w := range step.Receive.Messages {
					w.isTaken(view, step.Receive.Partition, step.Now)
				}
			}
			if view.Fresh(step.Now) != (step.State == "fresh") {
				t.Errorf("%s, step %d: not %s", story.Name, i, step.State)
			}
			for user, least := range step.Least {
				if view.least["user/"+user] != least {
					t.Errorf("%s, step %d: %s", story.Name, i, user)
				}
			}
		}
	}
}
