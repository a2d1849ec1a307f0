/** What `splinemesh doctor` found out about one thing. */
export interface Finding {
  /** What was looked at, in a word or two. */
  about: string
  /** `problem`: something that was asked for does not work; `note`: worth knowing. */
  status: 'ok' | 'note' | 'problem'
  finding: string
  /** What to do about it. */
  todo?: string
}

/** One of the things that doctor looks at; it never throws for what it looks for. */
export type Check = () => Promise<Finding[]>
