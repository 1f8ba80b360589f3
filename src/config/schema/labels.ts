import { z } from 'zod'
import { text } from './scalars.ts'

/** The key of a label or a taint. */
export const qualifiedName = text(
  /^((?=[^/]{1,253}\/)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/,
  'a name as Kubernetes has them: [domain/]name, the name at most 63 letters, digits, "-", "_" and "."',
)

/** The value of a label or a taint. */
export const labelValue = text(
  /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/,
  'at most 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit; may be empty',
)

/** Labels of a node, by key. */
export const labelsSchema = z.record(qualifiedName, labelValue)
