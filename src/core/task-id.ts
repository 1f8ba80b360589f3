/** `host/role/kind:name`. Host, kind and name are the identity: no two roles of a host may declare the same thing. */
export type TaskId = string & { readonly __brand: 'TaskId' }
