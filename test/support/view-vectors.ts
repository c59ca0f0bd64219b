import {
  fakeId,
  INSTALLATION,
  iso,
  onTheTopic,
  recordOf,
  START,
  STRANGER,
  TOPIC,
  writerOf,
} from './fake-installation.js';
import type { TopicWriter, Written } from './topic-writer.js';

type State = 'unloaded' | 'fresh' | 'stale' | 'unusable';

interface Step {
  readonly now: string;
  /** The partition is read anew from this time on; null for everything that was ever written. */
  readonly restart?: { readonly partition: number; readonly sought: string | null };
  readonly receive?: { readonly partition: number; readonly messages: readonly unknown[] };
  /** After the step. */
  readonly state: State;
  /** The least generation of users, after the step. */
  readonly least?: Readonly<Record<string, number>>;
}

const at = (seconds: number): number => START + seconds * 1_000;
const step = (seconds: number, state: State, more: Omit<Step, 'now' | 'state'> = {}): Step => ({
  now: iso(at(seconds)),
  ...more,
  state,
});
const receive = (messages: readonly Written[], partition = 0) => ({
  receive: { partition, messages: messages.map(onTheTopic) },
});
const restart = (sought: number | null, partition = 0) => ({
  restart: { partition, sought: sought === null ? null : iso(at(sought)) },
});
const LEAVER = fakeId(0x20);
const leaver = (writer: TopicWriter, generation = 2) => recordOf(writer, 0x20, { generation });
const knows = (generation: number) => ({ least: { [LEAVER]: generation } });

const STORIES: Readonly<Record<string, (writer: TopicWriter) => Step[]>> = {
  'fresh for S, the skew counted in, and stale after it': (writer) => [
    step(0, 'unloaded', restart(null)),
    step(0, 'fresh', receive([writer.watermark(at(0))])),
    step(9, 'fresh'),
    step(9.001, 'stale'),
    step(9.5, 'fresh', receive([writer.watermark(at(9))])),
  ],
  'a record counts at once, before any watermark lists it': (writer) => [
    step(0, 'fresh', { ...restart(null), ...receive([writer.watermark(at(0))]) }),
    step(1, 'fresh', { ...receive([leaver(writer)]), ...knows(2) }),
  ],
  'the largest generation stays, in whatever order they come': (writer) => [
    step(0, 'fresh', { ...restart(null), ...receive([writer.watermark(at(0))]) }),
    step(1, 'fresh', { ...receive([leaver(writer, 5), leaver(writer, 3)]), ...knows(5) }),
  ],
  'a record that is withheld, and comes after all': (writer) => {
    const record = leaver(writer);
    return [
      step(0, 'fresh', { ...restart(null), ...receive([writer.watermark(at(0))]) }),
      step(1, 'stale', receive([writer.watermark(at(1), [record])])),
      step(2, 'stale', receive([writer.watermark(at(2))])),
      step(2.5, 'fresh', { ...receive([record]), ...knows(2) }),
    ];
  },
  'a watermark that is withheld; the partition is read again': (writer) => {
    const [zero, one, two] = [0, 1, 2].map((t) => writer.watermark(at(t)));
    return [
      step(0, 'fresh', { ...restart(null), ...receive([zero!]) }),
      step(2, 'stale', receive([two!])),
      step(3, 'fresh', { ...restart(null), ...receive([zero!, one!, two!]) }),
    ];
  },
  'a watermark that comes twice, and an old one again': (writer) => {
    const [zero, one] = [0, 1].map((t) => writer.watermark(at(t)));
    return [
      step(1, 'fresh', { ...restart(null), ...receive([zero!, one!, one!, zero!]) }),
      step(2, 'fresh', receive([writer.watermark(at(2))])),
    ];
  },
  'a watermark that follows another one than ours': (writer) => [
    step(0, 'fresh', { ...restart(null), ...receive([writer.watermark(at(0))]) }),
    step(1, 'stale', receive([writer.watermark(at(1), [], { prev: 'another-history' })])),
  ],
  'what a stranger signs changes nothing': (writer) => {
    const stranger = writerOf(0, 1, STRANGER);
    stranger.seq = 0;
    const messages = [leaver(stranger, 9), stranger.watermark(at(9_000))];
    return [
      step(0, 'fresh', { ...restart(null), ...receive([writer.watermark(at(0))]) }),
      step(1, 'fresh', { ...receive(messages), ...knows(0) }),
    ];
  },
  'a time that has not come': (writer) => [
    step(0, 'fresh', { ...restart(null), ...receive([writer.watermark(at(0))]) }),
    step(1, 'unusable', receive([writer.watermark(at(2.001))])),
    step(3, 'fresh', receive([writer.watermark(at(3))])),
  ],
  'a round of several parts moves T with its last one': (writer) => {
    const record = leaver(writer);
    return [
      step(0, 'fresh', { ...restart(null), ...receive([writer.watermark(at(0))]) }),
      step(9, 'fresh', receive([record, writer.watermark(at(9), [record], { more: true })])),
      step(9.5, 'stale'),
      step(9.6, 'fresh', receive([writer.watermark(at(9))])),
    ];
  },
  'a record of a later version makes the view unusable': (writer) => [
    step(0, 'fresh', { ...restart(null), ...receive([writer.watermark(at(0))]) }),
    step(1, 'unusable', receive([recordOf(writer, 0x20, { generation: 2, v: 2 as 1 })])),
    step(2, 'unusable', receive([writer.watermark(at(2))])),
  ],
  'a watermark of a later version, too': (writer) => [
    step(0, 'fresh', { ...restart(null), ...receive([writer.watermark(at(0))]) }),
    step(1, 'unusable', receive([writer.watermark(at(1), [], { v: 2 as 1 })])),
  ],
  'a later version that a stranger signs changes nothing': (writer) => [
    step(0, 'fresh', { ...restart(null), ...receive([writer.watermark(at(0))]) }),
    step(1, 'fresh', receive([recordOf(writerOf(0, 1, STRANGER), 0x20, { v: 2 as 1 })])),
  ],
  'an epoch that is over keeps nothing fresh': (writer) => {
    const genesis = writer.watermark(at(0));
    const { seq, prev } = writer;
    const old = writer.watermark(at(2));
    Object.assign(writer, { seq, prev, epoch: 2 });
    return [
      step(0, 'fresh', { ...restart(null), ...receive([genesis]) }),
      step(1, 'fresh', receive([writer.watermark(at(1))])),
      step(10.5, 'stale', receive([old])),
    ];
  },
  'a higher epoch takes over before the last word of the old one': (writer) => {
    const genesis = writer.watermark(at(0));
    const { seq, prev } = writer;
    const lost = writer.watermark(at(1));
    Object.assign(writer, { seq, prev, epoch: 2 });
    return [
      step(1, 'fresh', { ...restart(null), ...receive([genesis, lost]) }),
      step(2, 'fresh', receive([writer.watermark(at(2))])),
    ];
  },
  'an anchor must be older than the window and S': (writer) => {
    writer.seq = 99;
    writer.prev = 'what-came-before';
    return [
      step(0, 'unloaded', restart(-80)),
      step(0, 'unloaded', receive([writer.watermark(at(-71)), writer.watermark(at(0))])),
      step(0.001, 'fresh'),
    ];
  },
  'an anchor is later than the time that was sought, and the skew': (writer) => {
    writer.seq = 99;
    writer.prev = 'what-came-before';
    const before = writer.watermark(at(-79));
    const unread = writer.watermark(at(-78), [leaver(writer)]);
    return [
      step(0, 'unloaded', { ...restart(-80), ...receive([before]) }),
      step(0, 'fresh', receive([unread, writer.watermark(at(-1))])),
    ];
  },
  'a watermark that counts more partitions is not followed': (writer) => [
    step(0, 'fresh', { ...restart(null), ...receive([writer.watermark(at(0))]) }),
    step(5, 'fresh', receive([writer.watermark(at(5), [], { partitions: 2 })])),
    step(9.5, 'stale'),
  ],
  'a watermark of another installation is not followed': (writer) => [
    step(0, 'fresh', { ...restart(null), ...receive([writer.watermark(at(0))]) }),
    step(9.5, 'stale', receive([writer.watermark(at(9), [], { installation: fakeId(2) })])),
  ],
};

function twoPartitions(): Step[] {
  const [one, two] = [writerOf(0, 2), writerOf(1, 2)];
  return [
    step(0, 'unloaded', { ...restart(null), ...receive([one.watermark(at(0))]) }),
    step(1, 'fresh', { ...restart(null, 1), ...receive([two.watermark(at(1))], 1) }),
    step(9.5, 'stale', receive([two.watermark(at(9))], 1)),
    step(9.6, 'fresh', receive([one.watermark(at(9))])),
  ];
}

const settings = (partitions: number) => ({
  installation: INSTALLATION,
  topic: TOPIC,
  epoch: 0,
  partitions,
  window_s: 61,
  staleness_ms: 10_000,
  max_clock_skew_ms: 1_000,
});

/** What comes over the topic, by whose clock, and how far a view is to be trusted after each step. */
export const viewVectors = () => [
  ...Object.entries(STORIES).map(([name, story]) => ({
    name,
    settings: settings(1),
    steps: story(writerOf()),
  })),
  { name: 'the slowest partition decides', settings: settings(2), steps: twoPartitions() },
];
