/**
 * Calls `before` when the user stops the process (^Z), just before it stops, and `after` when it goes on, also after a
 * SIGSTOP, which no process sees coming.
 */
export function onStop(calls: { readonly before: () => void; readonly after: () => void }): Disposable {
  const stop = () => {
    calls.before()
    // Without a listener the signal does what it is for; where there is no shell to go back to, that is nothing.
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
