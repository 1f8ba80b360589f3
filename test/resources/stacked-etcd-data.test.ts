import { expect, test } from 'vitest'
import { refuseOthersInFolder } from '../../src/resources/kubeadm/stacked-etcd-data.ts'

test('what a restore of etcd has set aside is told apart from what somebody else has put there', () => {
  const folder = '/var/lib/etcd'
  const aside = refuseOthersInFolder(folder, ['before-restore-0a', 'before-restore-0b'], [])
  expect(aside?.next).toContain('rm -rf /var/lib/etcd/before-restore-*')
  const mixed = refuseOthersInFolder(folder, ['before-restore-0a', 'lost+found'], [])
  expect(mixed?.next).toMatch(/^Move the content away.*DirAvailable--var-lib-etcd/)
  expect(refuseOthersInFolder(folder, ['lost+found'], ['DirAvailable--var-lib-etcd'])).toBeUndefined()
})
