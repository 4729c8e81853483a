// What is wrong with the layout now, as sentences; empty when all is well.
() => {
  const wrong = [];
  const room = document.documentElement;
  if (room.scrollWidth > room.clientWidth) {
    wrong.push(`the page is ${room.scrollWidth} wide`);
  }
  const isSeen = (element) =>
    element.checkVisibility({ visibilityProperty: true }) && !element.closest("[inert]");
  const controls = "button, a, input, textarea, select, summary, .bubble, h2, h3";
  const seen = [...document.querySelectorAll(controls)].filter(isSeen);
  const name = (element) => (element.innerText || element.id || element.tagName).slice(0, 40);
  const boxes = seen.map((element) => [element, visibleBox(element)]).filter(([, box]) => box);
  for (const [element, box] of boxes) {
    if (element.scrollWidth > element.clientWidth + 1 && element.tagName !== "TEXTAREA") {
      wrong.push(`cut: ${name(element)}`);
    }
    if (box.left < -1 || box.right > room.clientWidth + 1) {
      wrong.push(`beside the screen: ${name(element)}`);
    }
  }
  boxes.forEach(([one, a], at) => {
    for (const [other, b] of boxes.slice(at + 1)) {
      const isInside = one.contains(other) || other.contains(one);
      const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (!isInside && x > 1 && y > 1) {
        wrong.push(`overlap: ${name(one)} and ${name(other)}`);
      }
    }
  });
  return wrong;

  // The part of an element that its scrolling parents show; null when that is nothing.
  function visibleBox(element) {
    let { left, right, top, bottom } = element.getBoundingClientRect();
    for (let one = element.parentElement; one; one = one.parentElement) {
      if (getComputedStyle(one).overflowY !== "visible") {
        const frame = one.getBoundingClientRect();
        [top, bottom] = [Math.max(top, frame.top), Math.min(bottom, frame.bottom)];
      }
    }
    return bottom - top > 1 && right - left > 1 ? { left, right, top, bottom } : null;
  }
}
