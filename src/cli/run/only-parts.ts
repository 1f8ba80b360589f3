/** The parts of a cluster file that can be planned and applied by themselves. */
export const onlyParts = ['control-plane', 'workers'] as const
export type OnlyPart = (typeof onlyParts)[number]
