import type { CatalogEntry } from '../entry.ts'
import { everyArchitecture } from '../every-architecture.ts'

/**
 * Each checksum is the `digest` in https://helm.cilium.io/index.yaml (github.com/cilium/charts 009b5e9), compared with the file
 * itself.
 */
export const ciliumChart: CatalogEntry = {
  url: 'https://helm.cilium.io/cilium-{version}.tgz',
  kind: 'chart',
  sha256: everyArchitecture({
    '1.20.0': 'c5f013912360d1a334f44ef25f36da59ba3414cdb48f466ee12d0c4fdff27883',
  }),
}
