/** The only door through which roles and playbooks see the engine room. */
export * from './core/index.ts'
