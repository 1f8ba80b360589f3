/** Folder of evcctl's records on a host. */
export const stateFolder = '/var/lib/evcctl'

/** The record of the network check for the node that the host is now; it is deleted before the host becomes another node. */
export const networkCheckStamp = `${stateFolder}/network-check`
