/** Which certificates are renewed: those that are about to expire, or all. */
export type Renewal = 'due' | 'all'

/** Days left, below which apply renews a certificate of usual life. */
const dueDays = 30

/**
 * Certificates that are valid for so many days are renewed with fewer days left than this. `due`: for those that are about to
 * expire; default 30 days, or a third of a short life. To renew all is to renew what is older than a day: so a run that was
 * cut off goes on where it was, since what it has renewed is younger.
 */
export function renewDaysIn(validDays: number, renewal: Renewal, due = Math.min(dueDays, validDays / 3)): number {
  return renewal === 'due' ? due : Math.max(validDays - 1, validDays / 2)
}
