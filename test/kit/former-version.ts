/** The newest version of the minor before the kit's own: tests of upgrades begin with it. */
export const formerVersion = '1.35.8'
