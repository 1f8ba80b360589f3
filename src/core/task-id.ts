/** `host/kind:name`, which identifies a task: no two roles of a host may declare the same thing. */
export type TaskId = string & { readonly __brand: 'TaskId' }
