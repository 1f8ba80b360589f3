export * from './ask-kubeadm.ts'
export * from './environment-proxy.ts'
export * from './http-get.ts'
export * from './look-up.ts'
