export * from './artifact.ts'
export * from './compatibility.ts'
export * from './source.ts'
export * from './versions.ts'
