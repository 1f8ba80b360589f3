/** The certificates in a text, without white space and sorted, to compare texts by the CAs that they have. */
export function certificatesIn(text: string): readonly string[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  return blocks.map(block => block.replaceAll(/\s/g, '')).sort()
}

/** Whether two texts have the same certificates, in whichever order. */
export function hasSameCertificates(one: string, other: string): boolean {
  return certificatesIn(one).join() === certificatesIn(other).join()
}
