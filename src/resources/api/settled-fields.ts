import { isTree, type Tree } from '../support/index.ts'

// What API servers and controllers write by themselves, also to an object that nobody changes.
const ofServer = new Set(['managedFields', 'resourceVersion', 'generation'])

/** An object of the API without its status and the fields that the server counts in: what is left changes only if somebody changes it. */
export function settledFields(object: Tree): Tree {
  const { status: _, metadata, ...rest } = object
  if (!isTree(metadata)) return { ...rest, ...(metadata === undefined ? {} : { metadata }) }
  const kept = Object.entries(metadata).filter(([field]) => !ofServer.has(field))
  return { ...rest, metadata: Object.fromEntries(kept) }
}
