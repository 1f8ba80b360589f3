/** TCP ports of a member of etcd (https://kubernetes.io/docs/reference/networking/ports-and-protocols/). */
export const etcdPorts = { clients: 2379, members: 2380 } as const
