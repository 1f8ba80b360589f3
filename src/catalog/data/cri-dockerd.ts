import type { CatalogEntry } from '../entry.ts'

/** The checksums are those that kubespray lists: upstream publishes none. */
export const criDockerd: CatalogEntry = {
  url: 'https://github.com/Mirantis/cri-dockerd/releases/download/v{version}/cri-dockerd-{version}.{arch}.tgz',
  kind: 'tar.gz',
  sha256: {
    '0.3.26': {
      amd64: '87f31c964d974cdce9c883c79b69e355c3c323e51d3a7d36cda140e6df7b8d5a',
      arm64: 'd33e46e0d7ce28b22fdf7fa6327961cf0220ec3814fd7cc482f8cb77e7fd986a',
    },
    '0.3.25': {
      amd64: 'adb9b9785dc10fe49107f5d9e6a62c4271d268a214b9813f5dce251afc9d78ff',
      arm64: '7eda6e815ed80ddf28095587038a8c48cb9af2060f7b45f9d8e68603c42caa67',
    },
    '0.3.24': {
      amd64: 'dd4b7f514c248a3aaca398f467430a4c58aae9a77ea8b96a2f5b5d6fba0948d1',
      arm64: 'c783a03735887c4a8fc894bd4cf7a1c0defef3ecf50a4d79ff31eed45c26b17e',
    },
    '0.3.23': {
      amd64: 'c7fe5db7f9396186193b58ded0e62a31eca7b3c58ad8691d57017986f96482ee',
      arm64: 'a78037d2d2e9c52c48372a5cbba7b94b1c57be5759449beef29cfe03cbe6f14b',
    },
    '0.3.22': {
      amd64: '6621a96a885c82844d12318de00f510eae3459871cf1ad47317f38dd242f9a03',
      arm64: '3260b214c9b12dbf0cbf4d60410c45aacfc31ba52aa7b74164135968e8950cb6',
    },
    '0.3.21': {
      amd64: '6c35838bc4b1aef74f9113670e114ca729a5f295f9457b226791e18e86e91698',
      arm64: '35de6b1e8eba11d8ba6d71fa7499cb3d610a1e7b866c9d43b7f87029e3a769cd',
    },
  },
}
