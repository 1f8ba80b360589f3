// Bytes. The base64 of fewer bytes may also occur in ordinary text; three bytes make four characters.
const shortestEncoded = 9

/**
 * The forms in which programs may print a value: as it is, in JSON, in a URL, in YAML, in a command line, in a file that holds
 * base64.
 */
export function formsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value)
  const json = JSON.stringify(value).slice(1, -1)
  // The bytes have no lone surrogates, for which encodeURIComponent throws.
  const url = encodeURIComponent(bytes.toString())
  return [
    value,
    json,
    // Go writes <, > and & as escapes.
    json.replace(/[<>&]/g, character => `\\u00${character.charCodeAt(0).toString(16)}`),
    // A log line in JSON may contain JSON.
    JSON.stringify(json).slice(1, -1),
    url,
    url.replace(/%../g, code => code.toLowerCase()),
    // Some programs also escape characters that a URL may contain as they are. HTML forms have a plus for a blank.
    url.replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`),
    new URLSearchParams([['', bytes.toString()]]).toString().slice(1),
    value.replaceAll("'", `'\\''`),
    value.replaceAll("'", "''"),
    ...base64Forms(bytes),
  ]
}

// Other bytes may stand before and after the value, as in `user:password`. Base64 encodes three bytes at a time, so the text
// depends on where among three bytes the value begins.
function base64Forms(bytes: Buffer): readonly string[] {
  return [0, 1, 2].flatMap(skipped => {
    const end = bytes.length - ((bytes.length - skipped) % 3)
    if (end - skipped < shortestEncoded) return []
    const part = bytes.subarray(skipped, end)
    return [part.toString('base64'), part.toString('base64url')]
  })
}
