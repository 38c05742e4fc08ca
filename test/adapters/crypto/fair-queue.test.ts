import { expect } from 'chai';
import { FairQueue, type Waiting } from '../../../src/adapters/crypto/fair-queue.js';

interface Item extends Waiting {
  readonly name: string;
}

const item = (name: string, networks: readonly string[], isTrusted = false): Item => ({
  name,
  networks,
  isTrusted,
});

/** Items of one network each, which their names begin with. */
const items = (...names: string[]): Item[] => names.map((name) => item(name, [name[0] ?? '']));

function queueOf(waiting: readonly Item[], capacity = 100): FairQueue<Item> {
  const queue = new FairQueue<Item>(capacity);
  for (const each of waiting) queue.add(each);
  return queue;
}

/** The names of the next items, in the order of their turns; all waiting ones by default. */
function turns(queue: FairQueue<Item>, count = Infinity): string[] {
  const names: string[] = [];
  while (names.length < count) {
    const next = queue.next();
    if (!next) break;
    names.push(next.name);
  }
  return names;
}

const leaving = (queue: FairQueue<Item>, added: Item): string | undefined => queue.add(added)?.name;

describe('FairQueue', () => {
  it('is first in, first out for one network', () => {
    expect(turns(queueOf(items('a1', 'a2', 'a3')))).to.deep.equal(['a1', 'a2', 'a3']);
  });

  it('lets networks take turns, however many are waiting from each', () => {
    const queue = queueOf(items('a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'));
    expect(turns(queue)).to.deep.equal(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
  });

  it('lets a network without a turn go first, however often others come back', () => {
    const queue = queueOf(items('a1', 'b1'));
    turns(queue);
    for (const each of items('a2', 'b2', 'c1', 'a3')) queue.add(each);
    expect(turns(queue)).to.deep.equal(['c1', 'a2', 'b2', 'a3']);
  });

  it('gives a wide network one turn, however many narrow ones it has, and those take turns in it', () => {
    const narrow = Array.from({ length: 50 }, (_, index) => item(`a${index}`, ['a', `a${index}`]));
    const queue = queueOf([...narrow, item('b1', ['b', 'b1']), item('b2', ['b', 'b1'])], 200);
    expect(turns(queue, 5)).to.deep.equal(['a0', 'b1', 'a1', 'b2', 'a2']);
    queue.add(item('again', ['a', 'a0']));
    expect(turns(queue).at(-1)).to.equal('again');
  });

  it('lets the last network go first while it is more than half full, where none had a turn', () => {
    expect(turns(queueOf(items('a1', 'a2', 'b1', 'c1', 'd1', 'e1'), 8))).to.deep.equal([
      'e1',
      'd1',
      'a1',
      'b1',
      'c1',
      'a2',
    ]);
  });

  it('lets trusted items go first, and the others every second time', () => {
    const trusted = ['t1', 't2', 't3', 't4'].map((name) => item(name, ['t'], true));
    const queue = queueOf([...items('a1', 'b1'), ...trusted]);
    expect(turns(queue)).to.deep.equal(['t1', 'a1', 't2', 'b1', 't3', 't4']);
  });

  it('returns no item that was removed, also if it was removed twice', () => {
    const [first, second, third] = items('a1', 'a2', 'a3') as [Item, Item, Item];
    const queue = queueOf([first, second, third]);
    queue.remove(second);
    queue.remove(second);
    expect(turns(queue)).to.deep.equal(['a1', 'a3']);
    queue.remove(first);
    expect(queue.next()).to.equal(undefined);
  });

  describe('when it is full', () => {
    it('drops the last item of the network with the most items waiting', () => {
      const queue = queueOf(items('a1', 'a2', 'a3', 'b1'), 4);
      expect(items('a4', 'b2', 'c1', 'b3').map((each) => leaving(queue, each))).to.deep.equal([
        'a4',
        'a3',
        'a2',
        'b3',
      ]);
      expect(turns(queue)).to.deep.equal(['c1', 'a1', 'b1', 'b2']);
    });

    it('counts the narrow networks of a wide one together', () => {
      const queue = queueOf([item('a1', ['a', 'a1']), item('a2', ['a', 'a2']), item('b1', ['b', 'b1'])], 3);
      expect(leaving(queue, item('b2', ['b', 'b1']))).to.equal('b2');
      expect(leaving(queue, item('c1', ['c', 'c1']))).to.equal('a1');
    });

    it('keeps items of networks without a turn if all have as many items waiting', () => {
      const queue = queueOf(items('a1', 'b1'), 2);
      expect(items('c1', 'a2', 'd1', 'b2', 'a3').map((each) => leaving(queue, each))).to.deep.equal([
        'a1',
        'a2',
        'b1',
        'b2',
        'a3',
      ]);
      expect(turns(queue)).to.deep.equal(['d1', 'c1']);
    });

    it('leaves half of the room to trusted items, and half to the others', () => {
      const trusted = ['t1', 't2', 't3', 't4'].map((name) => item(name, ['t'], true));
      const queue = queueOf(trusted, 4);
      expect(items('a1', 'a2', 'a3').map((each) => leaving(queue, each))).to.deep.equal(['t4', 't3', 'a3']);
      expect(leaving(queue, item('u1', ['u'], true))).to.equal('t2');
    });
  });
});
