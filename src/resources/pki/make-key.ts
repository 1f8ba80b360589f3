import { syncLine } from '../../shell/on-disk.ts'

/** Lines of sh that create a private key at `<at>.key`, for root only, if there is none. */
export function makeKeyLines(at: string): string {
  return `umask 077
if [ ! -s ${at}.key ]; then
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ${at}.key.next 2>/dev/null
  ${syncLine(`${at}.key.next`)}
  mv -fT ${at}.key.next ${at}.key
fi
`
}
