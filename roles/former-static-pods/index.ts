import { formerStaticPods, type Role, type Task } from '../../src/index.ts'

/** Puts the static pods of a control plane node back where a change of them was cut off. */
export const formerControlPlane: Role<object, Task> = {
  name: 'former-static-pods',
  declare: scope => scope.add(formerStaticPods()),
}
