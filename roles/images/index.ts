import { type FetchSource, imageArchive, type Role, type RuntimeName, type Task } from '../../src/index.ts'

export interface ImagesParameters {
  readonly archives: readonly {
    /** As the plan shows it. */
    readonly name: string
    readonly source: FetchSource
    readonly sha256: string
    readonly site: string
  }[]
  /** Whose images they become. */
  readonly store: RuntimeName
  /** Done when that runs. */
  readonly runtime: Task
}

/** Image archives that are loaded into the runtime before anything wants to run them. */
export const images: Role<ImagesParameters, { readonly loaded: readonly Task[] }> = {
  name: 'images',
  declare: (scope, params) => ({
    loaded: params.archives.map(archive =>
      scope.add(imageArchive({ store: params.store, ...archive }), { after: [params.runtime] }),
    ),
  }),
}
