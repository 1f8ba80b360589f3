import type { CatalogEntry } from '../entry.ts'

/** etcd, etcdctl and etcdutl. */
export const etcd: CatalogEntry = {
  url: 'https://github.com/etcd-io/etcd/releases/download/v{version}/etcd-v{version}-linux-{arch}.tar.gz',
  kind: 'tar.gz',
  checksums: 'https://github.com/etcd-io/etcd/releases/download/v{version}/SHA256SUMS',
  sha256: {
    '3.6.14': {
      amd64: 'ffe840ff9295808e88cce2794a18a5ac87f12a5203c8314d0bf6aa119b41bac5',
      arm64: 'fa1b80565ee6fc2df1ae6f57a508b221f3ecc7d591c317c581cd8281b0842b3e',
    },
    '3.6.13': {
      amd64: 'b4928654aed84d90952620c7144555e4186d795e1e7414e65fe0cf6265fd0465',
      arm64: '5ab53ff70301fa9d782fa4b59fdfc1fae49ffdf427a0afb3cd313a93449800fc',
    },
    '3.6.12': {
      amd64: 'd2564bb50b58e52fbaf3bde4a9561a1d04e20cdc761f795580e4d615d5d41355',
      arm64: '147afc710e164fa342ad8561bcca8903f3913bd9fb9ae0c83c857b1d868189cc',
    },
    '3.6.11': {
      amd64: '8756f7a4eaf921668a83de0bf13c0f65cae9186a165696e3ae8396afe6f557ed',
      arm64: '5302f1a6157c34eb0568c75fba9d06da98353576df04399f08645bef634acd2d',
    },
    '3.6.10': {
      amd64: 'ed579fafab5701e3aaa95509969e7bc74776a4ae5269d32e3928408b406456ec',
      arm64: 'e40dc34b7a512b99c651f7700c1014e9b76e02415e2e24365b248966b173524c',
    },
    '3.6.9': {
      amd64: '633136f13fcadac52e5c0ddcb97912643af6fcb9cb362e75774d0f96f7666396',
      arm64: 'b51e433724325b66770019c4819d091b8965d2e81c07571a46e0619da1c8ece6',
    },
    '3.6.8': {
      amd64: 'cf9cfe91a4856cb90eed9c99e6aee4b708db2c7888b88a6f116281f04b0ea693',
      arm64: '438f56a700d17ce761510a3e63e6fa5c1d587b2dd4d7a22c179c09a649366760',
    },
    '3.6.7': {
      amd64: 'cf8af880c5a01ee5363cefa14a3e0cb7e5308dcf4ed17a6973099c9a7aee5a9a',
      arm64: 'ef5fc443cf7cc5b82738f3c28363704896551900af90a6d622cae740b5644270',
    },
    '3.5.33': {
      amd64: '5025b5b24d81a9616b6e284ccd439b9a3df055ef8fdcdc142af3ec8f6a3b3c95',
      arm64: '0764c5c0acef155f4bfa0487791cc5776adef66315bf16ec0653883bfd463a90',
    },
    '3.5.32': {
      amd64: '83532f9290ee89106c4c9d0467220f65623c1faadaab800d727f7beccce4d7dd',
      arm64: '89f3ec49bc026c77ab5862c34f0623f09b48ec75e659082c92829669c6e36b3c',
    },
    '3.5.31': {
      amd64: 'e76b75c73b10196dfeb1c52fcdf9f4014e51f3082f65f28fb2e69a7bec1f916b',
      arm64: '1fc441acb75486c076db0900470b18da61ee529a5d54df7c619dfc12dd13b984',
    },
    '3.5.30': {
      amd64: 'a495115162845640be08c6cda069ff961260dbced53207c5a83b1b006ff2ea8e',
      arm64: '4d19473d2567a58e1dbf556e0813b91d506666e58d23bfd5370660c67639eb5e',
    },
    '3.5.29': {
      amd64: '7692f812db0bfeee3a731c45046864cf729e552bad82ce7cb5b507053d033267',
      arm64: '10817d916de91fdab373947977682e083f0a1ac7f37650c1b690c2a746e4c269',
    },
    '3.5.28': {
      amd64: 'e11b6fab2ffbf0a1d6ee8f6227594045a19e0974ec779c42b8b5bb1942b2abe0',
      arm64: '779a741604d2ff45240b277812f6c300bca71754adfd8de1436a3f2df3a18e67',
    },
  },
}
