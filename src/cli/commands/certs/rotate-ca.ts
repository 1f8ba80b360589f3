import { Flags } from '@oclif/core'
import { BaseCommand, fileArg, operationFlags } from '../../base-command.ts'

export class CertsRotateCa extends BaseCommand {
  static override readonly summary =
    "Replace the cluster's CA, in two steps with days between them: trust both and sign everything again; then drop the former one."
  static override readonly examples = [
    '<%= config.bin %> certs rotate-ca --dry-run',
    '<%= config.bin %> certs rotate-ca',
    '<%= config.bin %> certs rotate-ca --drop-former',
  ]
  static override readonly args = { file: fileArg }
  static override readonly flags = {
    ...operationFlags,
    'drop-former': Flags.boolean({
      description:
        'the second step: nobody trusts the former CA any more; refused while anything that it has signed is in use',
    }),
  }

  async execute() {
    const { args, flags } = await this.parse(CertsRotateCa)
    const { 'dry-run': dryRun, 'drop-former': drops, ...others } = flags
    const { operate } = await import('../../actions/operation.ts')
    const { dropFormerCa, trustBothCas } = await import('../../../../playbooks/rotate-ca.ts')
    const step = drops
      ? {
          operation: dropFormerCa,
          command: 'certs rotate-ca --drop-former',
          nothing: 'without a rotation of the CA under way',
        }
      : {
          operation: trustBothCas,
          command: 'certs rotate-ca',
          nothing: 'with both CAs, and certificates by the new one',
        }
    return operate({ ...others, ...step, shows: 'certs status', isPart: true, dryRun, file: args.file })
  }
}
