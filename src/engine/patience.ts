/** A signal that fires `ms` after `signal` does; disposing it ends the timer. */
export function boundedAfter(signal: AbortSignal, ms: number): { readonly signal: AbortSignal } & Disposable {
  const bounded = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const start = () => {
    timer = setTimeout(() => bounded.abort(), ms)
  }
  if (signal.aborted) start()
  else signal.addEventListener('abort', start, { once: true })
  return {
    signal: bounded.signal,
    [Symbol.dispose]() {
      clearTimeout(timer)
      signal.removeEventListener('abort', start)
    },
  }
}
