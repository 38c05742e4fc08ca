/**
 * The text of an export of so many users with so many tasks each, as if some users and tasks had been deleted. Of the
 * users, counted from 1, every seventh is inactive.
 */
export function exportLines(
  users: number,
  tasksPerUser: number,
  isStaff: (user: number) => boolean = () => false,
): string {
  const lines: object[] = [{ kind: 'hexado-export', version: 1, lastUserId: 2 * users }];
  for (let user = 1; user <= users; user++) {
    const id = 2 * user;
    lines.push({
      kind: 'user',
      id,
      username: `user.${user}`,
      passwordHash: `$hash$of$${user}`,
      active: user % 7 !== 0,
      createdAt: 1_700_000_000 + user / 8,
      lastTaskId: 3 * tasksPerUser,
      ...(isStaff(user) && { staff: true }),
    });
    for (let task = 1; task <= tasksPerUser; task++) {
      lines.push({
        kind: 'task',
        userId: id,
        id: 2 * task,
        title: `Task ${task} – 名前 🎈`,
        description: `"quoted",\n\u0001 and ${'long '.repeat(task)}end`,
        status: (['pending', 'in-progress', 'completed'] as const)[task % 3],
      });
    }
  }
  lines.push({ kind: 'end', users, tasks: users * tasksPerUser });
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}
