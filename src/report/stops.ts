/**
 * Calls `before` when the user stops the process (^Z), just before it stops, and `after` when it continues. `after` also
 * runs after a SIGSTOP, of which a process gets no warning.
 */
export function onStop(calls: { readonly before: () => void; readonly after: () => void }): Disposable {
  const stop = () => {
    calls.before()
    // Without a listener, the signal has its default effect: it stops the process, or does nothing where there is no shell
    // to return to.
    process.off('SIGTSTP', stop)
    process.kill(process.pid, 'SIGTSTP')
    again = setImmediate(() => process.on('SIGTSTP', stop))
  }
  let again: NodeJS.Immediate | undefined
  process.on('SIGTSTP', stop)
  process.on('SIGCONT', calls.after)
  return {
    [Symbol.dispose]() {
      clearImmediate(again)
      process.off('SIGTSTP', stop)
      process.off('SIGCONT', calls.after)
    },
  }
}
