import { beginningOf } from './cut.ts'

/**
 * All bounds on what a host may send and on how long it may take. Sizes are in bytes, times in ms. Tests inject smaller ones.
 * None of them is reached by a host in order; each has an error of its own.
 *
 * In sum over hosts: of an exchange is kept what its probes printed, each at most what it may print itself (256 KiB, where
 * it asks for no more, and on stderr) and all together `answersBytes`; beside it, on each stream, the one probe that is
 * being read. So many exchanges run at a time as hosts are worked on (`--parallel`, 50). However many hosts there are,
 * hostile ones hold no more than 50 times `answersBytes`, and some 200 MiB (50 times `factsBytes`) while facts are read.
 */
export interface Limits {
  /** One marker line, by which the script on the host separates the outputs of its parts: a few words and numbers. */
  readonly markerBytes: number
  /** The most that any probe may print on a stream, whatever it asks for; `Probe.maxBytes` is less for most. */
  readonly probeBytes: number
  /** What the facts of a host take, which are kept and looked at as a whole. A route takes 128 bytes. */
  readonly factsBytes: number
  /** What all probes of an exchange print together. */
  readonly answersBytes: number
  /** All that comes in an exchange, with the output of steps, of which only the end is kept. */
  readonly exchangeBytes: number
  /** What is printed on a stream before a script or command begins: lectures, banners, what a .bashrc says. */
  readonly preludeBytes: number
  /** How long a probe may run that asks for no more. The host ends it, and only its task fails. */
  readonly probeMs: number
  /** How long the facts of a host may take, without what it is asked about an external load balancer. */
  readonly factsMs: number
  /**
   * How much longer than the host itself the controller waits for the end of a probe or step: the way, a host that is
   * busy, and the ending of what ran into its time-out.
   */
  readonly marginMs: number
  /**
   * An idle connection is asked this often whether it lives, and given up when nothing was heard for three times that. It is
   * less than `rootMs` and `marginMs` together: so evcctl notices a dead connection in time and opens another one for what
   * has not begun, instead of giving the host up as silent.
   */
  readonly keepaliveMs: number
  /** Opening a channel and becoming root, which may ask a directory server. */
  readonly rootMs: number
  /** Sudo once it has the password: PAM waits some seconds after a wrong one, and may ask a directory server. */
  readonly sudoMs: number
  /**
   * How long hosts that are read wait for one of which nothing is heard, or for as long as what runs there may take. It
   * counts from when half of them are done. Also how long a host is waited for that is to keep the lock, where the others
   * are enough: all of them together to connect, and each to answer then.
   */
  readonly patienceMs: number
  /** How long the last hosts wait for one that gets on, but slowly. */
  readonly patienceTotalMs: number
  /** What comes before the first step: ending what an earlier run left, which takes up to 7 s a process group. */
  readonly beginMs: number
  /** Writing one file. */
  readonly writeMs: number
  /** A pushed file in which nothing moves. */
  readonly pushStallMs: number
  /** A pushed file, beside the time that it takes at the slowest rate that is accepted; also its check on the host. */
  readonly pushMs: number
  /** The slowest rate at which a pushed file may travel, bytes a second. */
  readonly pushBytesPerSecond: number
}

/** What holds where a test does not say otherwise. */
export const limits: Limits = {
  markerBytes: 256,
  probeBytes: 16 * 1024 * 1024,
  factsBytes: 4 * 1024 * 1024,
  answersBytes: 32 * 1024 * 1024,
  exchangeBytes: 256 * 1024 * 1024,
  preludeBytes: 256 * 1024,
  probeMs: 8_000,
  factsMs: 8_000,
  marginMs: 30_000,
  keepaliveMs: 12_000,
  rootMs: 8_000,
  sudoMs: 15_000,
  patienceMs: 10_000,
  patienceTotalMs: 30_000,
  beginMs: 60_000,
  writeMs: 30_000,
  pushStallMs: 60_000,
  pushMs: 120_000,
  pushBytesPerSecond: 16 * 1024,
}

/** For a probe that asks one server, the API or a container runtime: curl and kubectl themselves give up after 12 s, with a reason. */
export const askingProbeMs = 15_000

/** For a probe that asks several servers one after the other, or may have to hash large files. */
export const longProbeMs = 30_000

/**
 * The most that a probe prints on a stream, bytes, where it names no other bound: files of configuration and what a few
 * commands say take some KiB. What comes from a host is parsed in one go, and until that is done no other host is heard.
 */
export const usualProbeBytes = 256 * 1024

/** For a probe that reads many subjects at once, or rules of which others may have made many. */
export const surveyBytes = 4 * 1024 * 1024

/** For a probe that lists objects of the API: a node takes some 6 KiB. */
export const listBytes = 16 * 1024 * 1024

/**
 * For `evcctl status`, which answers within 10 s whatever hosts do; times in ms. A host that takes longer is told as one
 * that does not answer, which harms nothing.
 */
export const statusLimits = {
  /** Connecting to one host and logging in. */
  connectMs: 4_000,
  /** From then on until its answer is here. */
  answerMs: 3_500,
  /** What one server on the host, e.g. its kubelet, may take to answer the host itself. */
  serverMs: 2_000,
  /** What an API server may take for one list, e.g. of all nodes. */
  listMs: 4_000,
  /** How much longer for each host of the cluster file: kubectl reads whole objects, some 15 MB a second. */
  listMsPerHost: 2,
  /** What it may take however many hosts there are; askingProbeMs is longer. */
  longestListMs: 12_000,
  /** How long a connection to one control plane node is waited for before the next is asked for the lists, too. */
  nextMs: 700,
  /** And how long its answer is, once it is connected. */
  nextAnswerMs: 2_500,
  /** Handshakes in flight, so that machines which are off do not keep others waiting. */
  handshakes: 64,
  /** All of it, for each so many hosts as there are handshakes in flight. */
  totalMs: 8_000,
} as const

/** For the rollout of a DaemonSet on all nodes. */
export const rolloutLimits = {
  /** For how long nothing moves before nodes and pods are looked at one by one, s. */
  stillSeconds: 10,
  /** How long nothing may get on, s: also the time in which one node has to get its image and start it. */
  patienceSeconds: 300,
  /** A node that stops reporting within this time after its new pod was created may have failed because of that pod, s. */
  suspectSeconds: 300,
  /** All of it, s, however well it gets on. */
  totalSeconds: 2 * 60 * 60,
} as const

/** For Helm. */
export const helmLimits = {
  /** How long a run of evcctl's may take, ms. */
  runMs: 300_000,
  /** An operation of somebody else's that has neither ended nor failed counts as cut off after so long, s. Helm's own default is 5 minutes. */
  abandonedSeconds: 600,
} as const

/** Of the output of a failed step, the end is kept, bytes a stream. Lines that are shown while it runs are no longer either. */
export const tailBytes = 8 * 1024

/** The most that one error message quotes of what a host or server said, characters. */
export const quotedLength = 4_000

/** `text` as an error message quotes it: its beginning, with a word about what is left out. */
export function quoted(text: string): string {
  return text.length <= quotedLength ? text : `${beginningOf(text, quotedLength)} … (${text.length} characters)`
}

/** The largest file that evcctl has a host download, bytes. The largest that is known, Cilium's images, has some 0.5 GB. */
export const downloadBytes = 8 * 1024 * 1024 * 1024

/** A bound as messages have it. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`
  return bytes < 1024 * 1024 ? `${bytes / 1024} KiB` : `${bytes / 1024 / 1024} MiB`
}

/** The most that is read of a file of this machine, bytes. */
export const localFileBytes = {
  clusterFile: 8 * 1024 * 1024,
  /** Checksums and certificates that a cluster file names. */
  named: 8 * 1024 * 1024,
  /** A password or passphrase. */
  secret: 64 * 1024,
  /** A key or a certificate of OpenSSH's. */
  key: 1024 * 1024,
  sshConfig: 4 * 1024 * 1024,
  /** Also of revoked keys. */
  knownHosts: 64 * 1024 * 1024,
  kubeconfig: 16 * 1024 * 1024,
  /** What evcctl itself notes of a run. */
  journal: 1024 * 1024,
  /** What evcctl itself records of the hosts of a cluster from its journals. */
  hostRecord: 32 * 1024 * 1024,
} as const

/** What is read of one journal of an earlier run to find hosts that were lost; after so many bytes no other one is begun. And at a time. */
export const journalReading = { bytes: 128 * 1024 * 1024, partBytes: 1024 * 1024 } as const

/** How long a pipe with a secret is waited for, ms: its writer may have to ask for a passphrase first. */
export const pipePatience = { emptyMs: 2_000, totalMs: 120_000 } as const
