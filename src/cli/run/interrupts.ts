import { exitCodes } from '../../core/errors.ts'

/** How the user ends a run: the first ^C lets running commands end, the second kills them, the third exits at once. */
export interface Interrupts extends Disposable {
  /** Start nothing new. */
  readonly stop: AbortSignal
  /** Kill what runs on the hosts. */
  readonly abort: AbortSignal
}

/**
 * Listens for SIGINT as above, for SIGTERM (stop and kill at once) and SIGHUP (the terminal is gone: stop).
 * `onChange` is called each time the request changes.
 */
export function listenForInterrupts(onChange: (how: 'after running exchanges' | 'now') => void): Interrupts {
  const stop = new AbortController()
  const abort = new AbortController()
  const ask = (how: 'after running exchanges' | 'now') => {
    const controller = how === 'now' ? abort : stop
    if (controller.signal.aborted) return
    stop.abort()
    controller.abort()
    onChange(how)
  }
  const onInterrupt = () => {
    if (abort.signal.aborted) process.exit(exitCodes.cancelled)
    ask(stop.signal.aborted ? 'now' : 'after running exchanges')
  }
  const onTerminate = () => ask('now')
  const onHangUp = () => ask('after running exchanges')
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onTerminate)
  process.on('SIGHUP', onHangUp)
  return {
    stop: stop.signal,
    abort: abort.signal,
    [Symbol.dispose]() {
      process.off('SIGINT', onInterrupt)
      process.off('SIGTERM', onTerminate)
      process.off('SIGHUP', onHangUp)
    },
  }
}
