/**
 * Lines of sh that run a command until it succeeds, at most `times` times with pauses in between; then the script ends with
 * exit code 1. A command that ends with a here-document has to end with a newline. Defaults: 10 times, 2 s.
 */
export function retried(
  command: string,
  { times = 10, pauseSeconds = 2 }: { readonly times?: number; readonly pauseSeconds?: number } = {},
): string {
  return `tries=0
until ${command}${command.endsWith('\n') ? '' : '; '}do
  tries=$(( tries + 1 ))
  if [ "$tries" -ge ${times} ]; then exit 1; fi
  sleep ${pauseSeconds}
done
`
}
