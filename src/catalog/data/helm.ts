import type { CatalogEntry } from '../entry.ts'

/** Helm runs on the first control plane node only. */
export const helm: CatalogEntry = {
  url: 'https://get.helm.sh/helm-v{version}-linux-{arch}.tar.gz',
  kind: 'tar.gz',
  checksums: '{url}.sha256sum',
  sha256: {
    '3.18.4': {
      amd64: 'f8180838c23d7c7d797b208861fecb591d9ce1690d8704ed1e4cb8e2add966c1',
      arm64: 'c0a45e67eef0c7416a8a8c9e9d5d2d30d70e4f4d3f7bea5de28241fffa8f3b89',
    },
    '3.18.3': {
      amd64: '6ec85f306dd8fe9eb05c61ba4593182b2afcfefb52f21add3fe043ebbdc48e39',
      arm64: '3382ebdc6d6e027371551a63fc6e0a3073a1aec1061e346692932da61cfd8d24',
    },
    '3.18.2': {
      amd64: 'c5deada86fe609deefdf40e9cbbe3da2f8cf3f6a4551a0ebe7886dc8fcf98bce',
      arm64: '03181a494a0916b370a100a5b2536104963b095be53fb23d1e29b2afb1c7de8d',
    },
    '3.18.1': {
      amd64: 'b1c7e8e261fd30f34c617282813ecafc63628fcd59a255a9fc51b1fe43394c05',
      arm64: '5ddc8fbd4b17857754a95be799543ceafa5aa9532b05f738ee590a76bb049988',
    },
    '3.18.0': {
      amd64: '961e587fc2c03807f8a99ac25ef063fa9e6915f1894729399cbb95d2a79af931',
      arm64: '489c9d2d3ea4e095331249d74b4407fb5ac1d338c28429d70cdedccfe6e2b029',
    },
    '3.17.3': {
      amd64: 'ee88b3c851ae6466a3de507f7be73fe94d54cbf2987cbaa3d1a3832ea331f2cd',
      arm64: '7944e3defd386c76fd92d9e6fec5c2d65a323f6fadc19bfb5e704e3eee10348e',
    },
  },
}
