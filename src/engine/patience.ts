import { Deadline } from '../core/deadline.ts'

/** A signal that fires `ms` after `signal` does; disposing it ends the timer. */
export function boundedAfter(signal: AbortSignal, ms: number): { readonly signal: AbortSignal } & Disposable {
  const bounded = new AbortController()
  let deadline: Deadline | undefined
  const start = () => {
    deadline = new Deadline(ms, () => bounded.abort())
  }
  if (signal.aborted) start()
  else signal.addEventListener('abort', start, { once: true })
  return {
    signal: bounded.signal,
    [Symbol.dispose]() {
      deadline?.hold()
      signal.removeEventListener('abort', start)
    },
  }
}
