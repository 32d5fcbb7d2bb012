/** A moment for people, in local time to the minute: `2026-11-27 21:46`. */
export function localMinute(time: number): string {
  const date = new Date(time);
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** The same to the second, without the date if that is the day of `now`: `21:45:10`. */
export function localSecond(time: number, now = Date.now()): string {
  const minute = localMinute(time);
  const [day = '', clock = ''] = minute.split(' ');
  const shown = day === localMinute(now).split(' ')[0] ? clock : minute;
  return `${shown}:${String(new Date(time).getSeconds()).padStart(2, '0')}`;
}
