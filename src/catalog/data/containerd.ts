import type { CatalogEntry } from '../entry.ts'

/** 1.7 is left out: its configuration has another format. */
export const containerd: CatalogEntry = {
  url: 'https://github.com/containerd/containerd/releases/download/v{version}/containerd-{version}-linux-{arch}.tar.gz',
  kind: 'tar.gz',
  checksums: '{url}.sha256sum',
  sha256: {
    '2.3.4': {
      amd64: '9d68969855fbf676cdb8ed758e420fb048d61f984f61de3e53eddfebe484d168',
      arm64: 'a985fbb7e18fc0362d31a055338f5d7b0e087a3e27f14c70d1c5965399a29f95',
    },
    '2.3.3': {
      amd64: 'ebf6e710056312628eaf6fb4a1c32f0a4ae5f812568321be4029389d66fc7c7c',
      arm64: '9cc708f13c31588a2fbdbd13553d963356e990d50e9b95a2d6120f4ff2067910',
    },
    '2.3.2': {
      amd64: '75625e6f6595bb95f3fb9c8123a60534af4a8d9b52d7617065967bcefe71a17a',
      arm64: '6874adea935300402b7782d63bf58f1bd59a3323d76a9f22f27686001fb8997a',
    },
    '2.3.1': {
      amd64: '628448bd973610c656c1cbea8e88b32fafd85b23cc1aa4a3372eb7198478c054',
      arm64: '46a83603a850f3916ca7c942310daaf82ed17773a85b1d431e92d4a541e46d0d',
    },
    '2.3.0': {
      amd64: '4cb83e7100a5e73fcb626207d0b5bcfd1294e26aeddfe075dcfb38f375c5f887',
      arm64: '06623dc8719b30d06303420f7eae91b0a9ade4e71243a4102f6375e585fb0a42',
    },
    '2.2.7': {
      amd64: '91cd216ea26a1b8b512219d3f205375c967e7b7de4dae571bc3dd16bfacd34b5',
      arm64: '84eb0a161e20ad45465202fa2d6d93b3d9b74666c363e9908706d590a86e2618',
    },
    '2.2.6': {
      amd64: 'f001b58b63206da25aa5accdb2eb1211aec19c28ec418b4d953b87d0c1ee7eb6',
      arm64: '0b05746d09e86ac1098a3ecf4bc67d146873d668819aeb8216c39fcf369e8a51',
    },
    '2.2.5': {
      amd64: 'd4031557773a8e969d604b4ee809c64ed3c6cd024d38d521d93984fa17d37b89',
      arm64: 'ad3f7aec168ebbae8d24c412fdd2e8806d96599757f6032e38997d62a108158a',
    },
    '2.2.4': {
      amd64: '62e77f6294e432dca5b56ad7e7d6085b5bbb526ebba0a51d832714f9b04cfdfd',
      arm64: 'd0897c8e27c96a7b7d4c73e9b278ea9f559dda619d497d88b323a528bd1412c3',
    },
    '2.2.3': {
      amd64: 'ca26ef5138f17b847bbeeec36d4bf5e002b54d25858197a870c125d57f44d32f',
      arm64: '2942d72435b18610f7b69c1ddb74f99cef5c549425ff80d3e74f04e5e80db6a4',
    },
  },
}
