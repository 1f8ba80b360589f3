/** Numbers and addresses as /proc/net shows them, in hex. */

/** /proc/net shows each 32-bit word as the machine stores it; all machines that Kubernetes supports here are little-endian. */
export function reverseBytes(word: string): string {
  return (word.match(/../g) ?? []).reverse().join('')
}

/** An IPv4 address of a word of 8 digits. */
export function fromHex(hex: string): string {
  return (reverseBytes(hex).match(/../g) ?? []).map(byte => Number.parseInt(byte, 16)).join('.')
}

/** An IPv6 address of 32 digits; the URL parser writes it in the one form of RFC 5952. */
export function compressIPv6(hex: string): string {
  const groups = (hex.match(/.{4}/g) ?? []).join(':')
  return new URL(`http://[${groups}]`).hostname.slice(1, -1)
}
