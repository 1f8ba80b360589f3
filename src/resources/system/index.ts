/** Settings of the host itself: name, kernel modules, sysctls, swap, /etc/hosts; and that nothing of evcctl is left. */

export * from './host-cleared.ts'
export * from './hostname.ts'
export * from './hosts-entry.ts'
export * from './kernel-modules.ts'
export * from './swap.ts'
export * from './sysctls.ts'
