/** Downloads that are checked and installed, and archives of container images. */

export * from './artifact-download.ts'
export { cacheFolder, cachePath } from './download.ts'
export type { FetchSource } from './fetch-step.ts'
export * from './fetched-artifact.ts'
export * from './image-archive.ts'
export * from './image-stores.ts'
export * from './installed-artifact.ts'
export { artifactsFolder } from './installed-artifact-script.ts'
