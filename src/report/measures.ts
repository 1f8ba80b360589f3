/** A duration for people: `0.6 s`, `12 s`, `1 min 52 s`, `1 h 3 min`. Takes ms. */
export function formatDuration(ms: number): string {
  if (ms < 9_950) return `${(Math.max(ms, 0) / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** A running clock: `0:07`, `1:12`, `1:02:03`. Takes ms. */
export function formatClock(ms: number): string {
  const seconds = Math.floor(Math.max(ms, 0) / 1000)
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60]
  const hours = Math.floor(seconds / 3600)
  if (hours > 0) return [hours, ...parts.map(part => String(part).padStart(2, '0'))].join(':')
  return `${parts[0]}:${String(parts[1]).padStart(2, '0')}`
}

/** `1 change`, `38 changes`. */
export function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number} ${number === 1 ? singular : plural}`
}

/** The wall clock of the controller: `10:15:03`. Takes ms since the epoch. */
export function formatTime(at: number): string {
  const date = new Date(at)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(part => String(part).padStart(2, '0')).join(':')
}
