// Smaller parts of base64 may be in ordinary text; three bytes are four characters.
const shortestEncoded = 9

/** A value as it looks in what programs print: in JSON, in a URL, in YAML, in a shell's command line, in a file that holds base64. */
export function formsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value)
  const json = JSON.stringify(value).slice(1, -1)
  // By way of bytes: half a surrogate pair is an error in a URL.
  const url = encodeURIComponent(bytes.toString())
  return [
    value,
    json,
    // Go writes these three as escapes, and a log line in JSON may have JSON in it.
    json.replace(/[<>&]/g, character => `\\u00${character.charCodeAt(0).toString(16)}`),
    JSON.stringify(json).slice(1, -1),
    url,
    url.replace(/%../g, code => code.toLowerCase()),
    // What a URL may have as it is, some programs escape as well; forms have a plus for a blank.
    url.replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`),
    new URLSearchParams([['', bytes.toString()]]).toString().slice(1),
    value.replaceAll("'", `'\\''`),
    value.replaceAll("'", "''"),
    ...base64Forms(bytes),
  ]
}

// Other bytes may stand before it and after it, as in `user:password`: three at a time become a text of their own.
function base64Forms(bytes: Buffer): readonly string[] {
  return [0, 1, 2].flatMap(skipped => {
    const end = bytes.length - ((bytes.length - skipped) % 3)
    if (end - skipped < shortestEncoded) return []
    const part = bytes.subarray(skipped, end)
    return [part.toString('base64'), part.toString('base64url')]
  })
}
