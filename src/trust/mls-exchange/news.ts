// What a step from one epoch to another means to the application.

import { copyOf } from '../../types.ts';
import { MlsExchangeEvent } from './event.ts';
import type { Group } from './group.ts';

/** The events, in their order: `epoch` comes last. */
export function newsOf(before: Group | undefined, next: Group, own: string): MlsExchangeEvent[] {
  const isIn = (group: Group | undefined, name: string) =>
    name === own || (group?.leaves.some(({ participant }) => participant === name) ?? false);
  const left = (before?.leaves ?? []).filter(({ participant }) => !isIn(next, participant));
  const come = next.leaves.filter(({ participant }) => !isIn(before, participant));
  const isRemoval = before?.leaves.some(({ session }) => next.leafOf(session) === undefined) ?? false;
  return [
    ...left.map(({ participant }) => new MlsExchangeEvent('leave', { participant })),
    ...come.map(
      ({ participant, identityKey }) =>
        new MlsExchangeEvent('join', { participant, identityKey: copyOf(identityKey) }),
    ),
    new MlsExchangeEvent('epoch', {
      isRemoval,
      participants: next.participants,
      entrance: {
        exporter: (label, context, length) => next.export(label, context, length),
        epoch: next.epoch,
        groupSize: next.size,
        senderIndex: next.ownIndex,
        graceSeconds: isRemoval ? 3 : undefined,
      },
    }),
  ];
}
