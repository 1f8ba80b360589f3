import type { CatalogEntry } from '../entry.ts'

/** The checksum file is a signed text (OpenPGP): script/release_sign.sh of opencontainers/runc. */
export const runc: CatalogEntry = {
  url: 'https://github.com/opencontainers/runc/releases/download/v{version}/runc.{arch}',
  kind: 'binary',
  checksums: 'https://github.com/opencontainers/runc/releases/download/v{version}/runc.sha256sum',
  sha256: {
    '1.4.3': {
      amd64: 'f6ae8efc0fa40079e1475e97cbe9d1bd3f106a28d6af78a11d9f1bd565515e60',
      arm64: '633301e2e32f8a5ad54031aab4901eb00308bec677dd15faa2751e8f9dab5ca4',
    },
    '1.4.2': {
      amd64: 'ac8a90f9e225bb9322189937b230cdc5478d5753f0e31e1bda98a5cf06bd9539',
      arm64: 'ea54032310588e115633aa2f4bba8bf9500257f657e1deca88df5778775138db',
    },
    '1.4.1': {
      amd64: 'b6d50dad89a420cafcdc0eebf4bed132a45b161d5bc1ba4ddd8cc4422d24a983',
      arm64: '80d5757c46152c35151621cf394ee08cec881716169d0fdd40f9ce124d3c85f5',
    },
    '1.4.0': {
      amd64: 'c5d4995c5aec204d7e1827d9d9a6b45042602736f7f415f484252e576dcdac28',
      arm64: '2adbeed4c751d6f2201c642ed06269ff4370fcc4165abd3f323e19c653716c31',
    },
    '1.3.6': {
      amd64: '3f3921dbbee7723e9868f97e88e51ffc910206e3ba55646e74d93d24ea76023c',
      arm64: '6be27a061ef89bb14c6cb495405bba80f46cea213b8f79378a6086b1bac6b747',
    },
    '1.3.5': {
      amd64: '66fa8390be8fb3b23dfbb60c767368bb5b51f1acfa88692bbff1a82953d4d9e9',
      arm64: 'bd843d75a788e612c9df286b1fa519a44fcbb7a7b8d01e2268431433cc7c718c',
    },
  },
}
