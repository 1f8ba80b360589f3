import type { CatalogEntry } from '../entry.ts'
import { everyArchitecture } from '../every-architecture.ts'

/** manifests/calico.yaml at the release tags of github.com/projectcalico/calico; upstream publishes no checksums of it. */
export const calicoManifest: CatalogEntry = {
  url: 'https://raw.githubusercontent.com/projectcalico/calico/v{version}/manifests/calico.yaml',
  kind: 'manifest',
  sha256: everyArchitecture({
    '3.32.1': 'a1df919d9721cf667accdc3e72848911b0cb25cfab7d2478ad0c996302c95744',
    '3.32.0': 'bccabc607685551db918f66da724893eca3e69a50c5a3e3077029b02dbab8d35',
    '3.31.7': 'd6d8a489a4ed8e5b8efd8b339047b496ca657b55ee2e3618e791507b0a853e8d',
    '3.31.6': '34012557637766d4367f0e7d2ea8b6507fca6df68e08b87fcdcd527f689e2637',
  }),
}
