/** Where evcctl keeps what it knows of a host. */
export const stateFolder = '/var/lib/evcctl'

/** What the network check proved of the node that the host is now; removed before it becomes another one. */
export const networkCheckStamp = `${stateFolder}/network-check`
