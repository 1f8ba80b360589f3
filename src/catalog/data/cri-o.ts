import type { CatalogEntry } from '../entry.ts'

/**
 * The static bundle: crio, pinns, conmon, crun, runc and crictl in cri-o/bin (scripts/bundle/build of cri-o/packaging).
 */
export const criO: CatalogEntry = {
  url: 'https://storage.googleapis.com/cri-o/artifacts/cri-o.{arch}.v{version}.tar.gz',
  kind: 'tar.gz',
  checksums: '{url}.sha256sum',
  sha256: {
    '1.36.3': {
      amd64: 'fc2ece7cc22a505cca5e100438e4e58f7786f17b64467022e2d2019239c88349',
      arm64: '749e5e5393a09ec93af6723410cf3554fb4b3b2fd7df2cb36a9acc427c3392cf',
    },
    '1.36.2': {
      amd64: 'd589b80090c7d38f730db9c841b0f9894d8665306e199aa9e6019c6bcaa96933',
      arm64: '06a0e57c33bdb08db5b8f8027b6c85239fb1119400cd2c390e8128f22ce8fb98',
    },
    '1.36.1': {
      amd64: 'd4130449e5b74eede2448864efbca233b819ad0df92a7227780a7b9e4400b2c4',
      arm64: '133eb38d40cd5904b89635c5b30aa41ecf1c8fba56f98a05e067cb6a591ca35e',
    },
    '1.36.0': {
      amd64: '7fc7a2cca25b4cf2de01660bc730fad92b6bcbecd47751e76be3d6ae545c56cd',
      arm64: 'b9d32392f2c7db6b72e917b8473e12f5d1b9da9d7d9f8d037ab9f19fab2f8ddd',
    },
    '1.35.6': {
      amd64: '481c1de44de8a71dc299b3605c7b5f6044f656207cf5d39c14d4c840653bb7f5',
      arm64: '90142d24760afe66fd082a58d2ce752f01aef58b5a2bb96e03dca23e96cff834',
    },
    '1.35.5': {
      amd64: '55f60635a95c0b02b8d9283a7bcfde996ef6e54866a1f1291d5bc95ab5a4dcc6',
      arm64: 'de9f9351296fe43cb87ce04b7c4bf326ea839c7923e95268e3996c82b9f9a3e3',
    },
    '1.35.4': {
      amd64: '9a6fe982fc36efa9111c31ef65125dff09b1c9c1303b9e0616b9cd436d3b02bb',
      arm64: '0d7def689e10db62dbc4c03555e55d4c5d11c25055a68838092045a349ad37ec',
    },
    '1.35.3': {
      amd64: 'ab7362f76bf7c908c486a2f36d1587c98aeedb8f6ad4bd6731a708b9b44033f6',
      arm64: 'ba8a300eaa93224190bb3dabfcdf6bd264a0c5cbd6f86cec1bb9ff00a3727d32',
    },
    '1.35.2': {
      amd64: 'd38771791f2bae086b24400a1e04cffed4eba6c8e9d30b03c625f8aea70921a9',
      arm64: 'c51d0a78afa0b267fcadf49ad481f35cce3728a7d09ebd05db7c8fb8417f9ef0',
    },
    '1.35.1': {
      amd64: 'cd819546f01ae9dddd4a85b82f220518b37596053555a85e4b4a3d200a6e9354',
      arm64: '15fe5c7b87c985a3a78324227b920a01f3309fd1aa5eadfaa38fd48a4dd96d17',
    },
    '1.35.0': {
      amd64: '55b6d3e9fc9a5864ab5cdf0b24d54b1dcbaf6d4919274b3b9eb37bfc4b0b8cb5',
      arm64: 'e57175a4d00387b78adfbe248d087d8127bed625afb529e34b2c90d08cfdaf87',
    },
    '1.34.11': {
      amd64: '412d3f0490a37c45933134f4c899cc5b97faf9408a35daf562f672c277d37a0b',
      arm64: '8c8080cb799155b7a40d706c48fcced6869d8942f321042fc16502b42fcbec26',
    },
    '1.34.10': {
      amd64: 'd8d1d2d7f71e3f96561492cd1cf84fc3f1e210cc2b060b29fcbbb3ece6802193',
      arm64: '216c54a46f841ae65ea35650b3a7dabc5c7d19e268e4a15c119d38dc11c5b868',
    },
    '1.34.9': {
      amd64: 'e9a09b774c4bf0c4ff7b7b135da959fbc449165c55841ab8e4455da798424fa8',
      arm64: 'e619468ed0aa06b60bc7f6493f7ff36d00010faf8a7b8a8f6e3d7e029ba64413',
    },
    '1.34.8': {
      amd64: 'b1828dd21446fb1d60d5ce8d8d45db1930e02b0ae404c01c94136bc23d45d39e',
      arm64: 'a868ea0459a36b52ac183d830cc589d99b5c8b0f9ed9299922453bbf3758c3fd',
    },
    '1.34.7': {
      amd64: '8e1d625f6137ee08f669db6ce361cecbd7c5bb52e8e3e314e82999d738570dfa',
      arm64: '5c25e7084f8369f540e236be1a1a7e830fd1fa6256422466d414c2fc20aa0e86',
    },
    '1.34.6': {
      amd64: '9f17d9a7dc8d8c4fc16eccca65fe5db8177392f26156335dc6318a14215a5cd1',
      arm64: 'ac189974bcc1cb6829e7b61a39bc3f34fc27a32e5c9d2628bdfc74f88edb6988',
    },
    '1.34.5': {
      amd64: 'd6606fb6d686b8f814dfec801f0f3cf2ded974c194fa90facefda36075b6fab2',
      arm64: '999a5dc2dc9854222aeff8a20897e0b34f0ba02c9b260b611d66c62e00e279e0',
    },
    '1.34.4': {
      amd64: 'f6348a781c34b433fe1c5150da3408e51e828b610eacbe734405e9c31136d810',
      arm64: 'd176f6256d606a3fc279f9f2994ef4a4c4cbaaa0601f4d1bba1a19bec5674ce9',
    },
    '1.34.3': {
      amd64: 'e269914f3bc4f36ac87cd593d74daaa43c390571994062180019248be32cc6f7',
      arm64: '314595247054b53767a736e24bc3030a5f7c17552944c62b2e190c9e95fe4ca6',
    },
    '1.34.2': {
      amd64: '3a0012938ed389e9270a208bb73b250062d5f1be5798472b1728403d55ddc1da',
      arm64: 'ac7530f7fc9d531a87bfdfcae9cf8bf81a8bbdb75e63a046ed96911aa7b68ebd',
    },
    '1.34.1': {
      amd64: '22c1e4d68d9339aa58a1b0f1b40a8944102934a7505105abe461dc8a7e3de540',
      arm64: '41a71cab6a61ae429ec447d572fd1cdea0a7e33d62aaa58c3b07467665b50b9f',
    },
    '1.34.0': {
      amd64: '5a8bc5c3b8072cb9bde1cf025d5597f75bf21018712c5b72d5cb0657948595c8',
      arm64: '3006658270477c5fb1e88e9124e40982d2ba7b34495fcc12f0fecd33bbab9a5a',
    },
  },
}
