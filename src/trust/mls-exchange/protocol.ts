// What a member of the group does with letters, and when.
//
//   join    key package                     to one: let me in
//   commit  leaf (4) | MLS message          to all, or to one who has asked: the next epoch
//   welcome MLS message                     to one: you are in
//   ask     points (history.ts)             to one: send me the commits that I have missed
//   lost    nothing                         to one who has asked: none lead from there to here; join again
//
// And what members ask each other for (requests.ts).

import { type Bytes, isSame } from '../../types.ts';
import type { ExchangeOptions } from '../exchange/options.ts';
import type { Peer } from '../exchange/peers.ts';
import { Post } from '../exchange/post.ts';
import { Alarm } from './alarm.ts';
import { Company } from './company.ts';
import { LeafVerifier, makeCredential, parseCredential } from './credential.ts';
import { MlsExchangeEvent, type MlsExchangeEventType } from './event.ts';
import type { Group } from './group.ts';
import { KeyPackages, readKeyPackage } from './key-packages.ts';
import { Lobby, type Times } from './lobby.ts';
import { type Commit, Membership } from './membership.ts';
import { newsOf } from './news.ts';
import { REMOVE, Requests, ROTATE } from './requests.ts';
import { Search } from './search.ts';
import { isBetter, isSameState, readStanding } from './standing.ts';
import { loadSuite } from './suite.ts';
import { Wishes } from './wishes.ts';

type About = ConstructorParameters<typeof MlsExchangeEvent>[1];
type Way = Parameters<Membership['take']>[1];

const JOIN = 32;
const COMMIT = 33;
const WELCOME = 34;
const ASK = 35;
const LOST = 36;
const NOTHING: Bytes = new Uint8Array(0);
const TICK_MS = 250;

/** One member. */
export class Protocol {
  readonly post: Post;
  readonly #times: Times;
  readonly #tellAll: (event: MlsExchangeEvent) => void;
  readonly #wishes: Wishes;
  readonly #search: Search;
  readonly #requests: Requests;
  readonly #lobby: Lobby;
  readonly #company: Company;
  readonly #alarm: Alarm;
  #membership: Membership | undefined;
  /** One thing after the other: each begins where the last has led. */
  #work: Promise<void> = Promise.resolve();
  #isBusy = false;
  #startedAt = 0;

  constructor(options: ExchangeOptions, times: Times, tellAll: (event: MlsExchangeEvent) => void) {
    this.#times = times;
    this.#tellAll = tellAll;
    this.#wishes = new Wishes(times.patience);
    this.#search = new Search(times.patience);
    this.#lobby = new Lobby(times, this.#wishes);
    this.post = new Post(options, {
      payload: () => this.#lobby.payloadOf(this.group),
      isGreeted: (candidate) => this.#isGreeted(candidate),
      onLive: (peer) => this.#onLive(peer),
      onGone: (peer) => this.#onGone(peer),
      onHello: (peer) => this.#onHello(peer),
      onLetter: (peer, type, body) => this.#onLetter(peer, type, body),
      onRefused: (reason, participant) => this.#tell('refused', { reason, participant }),
      onFailed: (error, participant) => this.#tell('failed', { error, participant }),
    });
    this.#requests = new Requests(this.post, this.#wishes);
    this.#company = new Company(this.post, {
      onDeclined: (reason, participant) => {
        this.#search.rest(this.#time);
        this.#tell('refused', { reason, participant });
      },
      onShutOut: (session) => this.#requests.warn(session),
      onFailed: (error, participant) => this.#tell('failed', { error, participant }),
    });
    this.#alarm = new Alarm(() => this.#tick(), Math.min(TICK_MS, times.patience / 4));
  }

  get group(): Group | undefined {
    return this.#membership?.group;
  }

  get #time(): number {
    return this.post.clock.read();
  }

  async start(): Promise<void> {
    this.post.assertOpen();
    const impl = await loadSuite();
    this.post.assertOpen();
    const { room, identity, self } = this.post;
    if (this.#membership === undefined) {
      const packages = new KeyPackages(impl, (attempt, leafKey) =>
        makeCredential(room, identity, self.session, attempt, leafKey),
      );
      this.#membership = new Membership({ impl, verifier: new LeafVerifier(room) }, packages);
      this.#startedAt = this.#time;
    }
    this.post.start();
    this.#alarm.set();
  }

  close(): void {
    this.post.close();
    this.#alarm.close();
    this.#membership?.wipe();
  }

  /** @param isShutOut whether he must not come back. Returns false if nobody of that name was there. */
  remove(participant: string, isShutOut: boolean): boolean {
    const { admission, self } = this.post;
    if (participant === self.participant) return false;
    const { group } = this;
    const leaf = group?.leaves.find((one) => one.participant === participant);
    if (isShutOut) admission.remove(participant);
    else admission.forget(participant);
    const peer = this.post.peers.drop(participant);
    this.#lobby.forget(participant);
    this.#wishes.forget(participant);
    if (group !== undefined && leaf !== undefined) this.#requests.remove(group, leaf.session, isShutOut);
    this.#alarm.hurry();
    return leaf !== undefined || peer !== undefined;
  }

  rotate(): boolean {
    const { group } = this;
    if (group === undefined) return false;
    this.#requests.rotate(group);
    this.#alarm.hurry();
    return true;
  }

  // Who is there

  #isGreeted(candidate: Peer): boolean {
    if (this.#membership === undefined) return false;
    this.#alarm.set();
    return this.#lobby.isDue(candidate, this.group, this.#time);
  }

  #onLive(peer: Peer): void {
    this.#lobby.forget(peer.participant);
    this.#onHello(peer);
  }

  #onGone(peer: Peer): void {
    this.#lobby.forget(peer.participant);
    this.#wishes.forget(peer.participant);
    if (this.group?.leafOf(peer.session) !== undefined)
      this.#wishes.leave({ session: peer.session, isShutOut: false, since: this.#time });
    this.#alarm.hurry();
  }

  /** Somebody says where he stands. */
  #onHello(peer: Peer): void {
    const { group } = this;
    const his = readStanding(peer.payload);
    if (his !== undefined && group !== undefined && isSameState(his, group)) {
      this.#wishes.forget(peer.participant);
    } else if (his !== undefined && isBetter(his, group)) this.#alarm.hurry();
    else if (group !== undefined && this.#wishes.rankIn(group) === 0) this.post.greet(peer);
  }

  // What comes

  async #onLetter(peer: Peer, type: number, body: Bytes): Promise<void> {
    const membership = this.#membership;
    if (membership === undefined) return;
    if (type === JOIN) await this.#onJoin(membership, peer, body);
    else if (type === COMMIT) await this.#do(() => this.#onCommit(membership, peer, body));
    else if (type === WELCOME) await this.#do(() => this.#onWelcome(membership, peer, body));
    else if (type === ASK) this.#onAsk(membership, peer, body);
    else if (type === LOST && this.#search.isAnswer(peer, this.#time)) {
      this.#search.lose();
      this.#alarm.hurry();
    } else if (membership.group !== undefined && (type === REMOVE || type === ROTATE)) {
      this.#requests.onLetter(membership.group, peer, type, body);
      this.#alarm.hurry();
    }
  }

  async #onJoin(membership: Membership, peer: Peer, body: Bytes): Promise<void> {
    const keyPackage = readKeyPackage(body);
    const name = keyPackage && parseCredential(keyPackage.leafNode.credential);
    const { participant, identityKey, session } = peer;
    if (name === undefined || name.participant !== participant || !isSame(name.session, session)) {
      this.#tell('refused', { reason: 'syntax', participant });
      return;
    }
    if (!isSame(name.identityKey, identityKey) || keyPackage === undefined) return;
    if (!(await membership.isGood(keyPackage))) {
      this.#tell('refused', { reason: 'seal', participant });
      return;
    }
    // Held back until he was in by another: it would put him out, for a leaf whose keys he may not have any more.
    const { group } = membership;
    if (group === undefined || (group.leafOf(session)?.attempt ?? -1) >= name.attempt) return;
    this.#wishes.join({ peer, keyPackage, attempt: name.attempt, since: this.#time });
    this.#alarm.hurry();
  }

  async #onCommit(membership: Membership, peer: Peer, body: Bytes): Promise<void> {
    const { participant, session } = peer;
    const outcome = await membership.look(body, session, this.#search.isAnswer(peer, this.#time));
    if (outcome === 'stale') return;
    if (outcome === 'bad') return this.#tell('refused', { reason: 'seal', participant });
    if (outcome === 'ahead') return this.#askAgain(membership, peer);
    const { group, base, shutOut } = outcome;
    if (group === undefined) return this.#onOut(membership, shutOut.includes(base.ownIndex));
    if (!this.#company.isWelcome(group, base, () => this.#onLetter(peer, COMMIT, body)))
      return group.wipe(membership.group, base);
    this.#enter(membership, group, { commit: outcome });
    this.#search.proceed();
  }

  async #onWelcome(membership: Membership, peer: Peer, body: Bytes): Promise<void> {
    const welcomed = await membership.open(body, peer.session);
    if (welcomed === undefined) return;
    const { group, own } = welcomed;
    if (!this.#company.isWelcome(group, undefined, () => this.#onLetter(peer, WELCOME, body))) return;
    this.#enter(membership, group, { own });
    // He need not let us in again, should we have asked more than once.
    this.post.greet(peer);
  }

  #onAsk(membership: Membership, peer: Peer, body: Bytes): void {
    const missed = membership.missedFrom(body);
    for (const commit of missed) void this.post.send(peer, COMMIT, commit);
    if (missed.length === 0) void this.post.send(peer, LOST, NOTHING);
  }

  #askAgain(membership: Membership, peer: Peer): void {
    if (this.#search.mayAsk(peer, this.#time)) void this.post.send(peer, ASK, membership.points);
  }

  /** Somebody has committed that we go. */
  #onOut(membership: Membership, isShutOut: boolean): void {
    if (isShutOut) {
      this.#tell('removed', {});
      this.close();
      return;
    }
    // We have asked to come in anew, or somebody thinks that we are gone.
    this.#search.lose();
    if (!membership.isApplying) this.post.start();
    this.#alarm.hurry();
  }

  // What is done

  #do(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(async () => {
      try {
        if (!this.post.isClosed) await work();
      } catch (error) {
        this.#tell('failed', { error });
      }
    });
    return this.#work;
  }

  async #commit(membership: Membership): Promise<void> {
    const { group } = membership;
    if (group === undefined) return;
    const isLive = (peer: Peer) => this.post.peers.of(peer.participant) === peer;
    const plan = this.#wishes.plan(group, this.#time, isLive);
    if (plan === undefined) return;
    let made: { commit: Commit; welcomes: Bytes[] };
    try {
      made = await membership.commit(group, plan);
    } catch (error) {
      // They will ask again; what else is to be done is done without them.
      for (const { peer } of plan.joining) this.#wishes.forget(peer.participant);
      throw error;
    }
    const { commit, welcomes } = made;
    void this.post.broadcast(COMMIT, commit.body);
    for (const [i, { peer }] of plan.joining.entries())
      void this.post.send(peer, WELCOME, welcomes[i] as Bytes);
    this.#enter(membership, commit.group as Group, { commit });
  }

  #enter(membership: Membership, next: Group, way: Way): void {
    const { post } = this;
    if (post.isClosed) {
      next.wipe();
      return;
    }
    const before = membership.take(next, way);
    if (this.#search.best(post.peers.live, next).length === 0) this.#search.succeed();
    this.#company.enter(next, 'commit' in way ? way.commit : undefined);
    for (const { participant } of next.leaves) this.#lobby.forget(participant);
    for (const { session } of this.#company.shutOutIn(next))
      this.#wishes.leave({ session, isShutOut: true, since: this.#time });
    this.#wishes.settle(next);
    // One tells all where the group is.
    if (this.#wishes.rankIn(next) === 0) post.start();
    this.#alarm.set();
    for (const event of newsOf(before, next, post.self.participant)) if (!post.isClosed) this.#tellAll(event);
  }

  // When it is done

  #tick(): void {
    const membership = this.#membership;
    if (membership === undefined || this.post.isClosed) return;
    const time = this.#time;
    const { group } = membership;
    for (const peer of this.#lobby.due(group, time)) this.post.greet(peer);
    const found = this.#search.best(this.post.peers.live, group);
    const { ask, join, isAgain } = this.#search.next(found, group?.id, time);
    if (ask !== undefined) void this.post.send(ask, ASK, membership.points);
    // He does not answer: perhaps we are not live to him any more.
    if (join !== undefined && isAgain) this.post.greet(join);
    if (join !== undefined)
      void this.#do(async () => {
        const keyPackage = await membership.apply();
        void this.post.send(join, JOIN, keyPackage);
      });
    this.#requests.repeat(group, this.#times.patience);
    if (!this.#isBusy) {
      this.#isBusy = true;
      void this.#do(async () => {
        this.#isBusy = false;
        if (membership.group !== undefined) await this.#commit(membership);
        else if (this.#lobby.isTimeToFound(time - this.#startedAt, found.length > 0, this.post.self.session))
          this.#enter(membership, await membership.found(), {});
      });
    }
    const isIdle = this.#wishes.isEmpty && this.#requests.isEmpty && !this.#lobby.isWaiting;
    if (group === undefined || found.length > 0 || !isIdle) this.#alarm.set();
  }

  #tell(type: MlsExchangeEventType, about: About): void {
    if (!this.post.isClosed) this.#tellAll(new MlsExchangeEvent(type, about));
  }
}
