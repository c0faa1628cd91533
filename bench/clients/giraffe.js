// Loads giraffe, which is made for browsers, into Node. On load it puts styles into a document and asks the browser what it
// can do; parsing needs none of that, so the document is an object that takes everything.
import {createRequire} from 'node:module'

const anything = new Proxy(function () {}, {
  get: (_, key) => (key === Symbol.toPrimitive ? () => '' : key === Symbol.iterator ? [][Symbol.iterator] : key === 'length' ? 0 : key === 'nodeType' ? 1 : anything),
  set: () => true,
  apply: () => anything,
  construct: () => anything,
})
for (const name of ['document', 'screen', 'HTMLElement', 'HTMLIFrameElement', 'Element', 'Node', 'Image', 'getComputedStyle', 'matchMedia', 'addEventListener', 'removeEventListener']) {
  globalThis[name] = anything
}
globalThis.devicePixelRatio = 1
globalThis.location = {protocol: 'http:', href: 'http://localhost/', pathname: '/', search: ''}
globalThis.navigator ??= {userAgent: 'node', platform: ''}
globalThis.requestAnimationFrame = callback => setTimeout(callback, 16)
globalThis.cancelAnimationFrame = clearTimeout
globalThis.window = globalThis
globalThis.self = globalThis

export const {fromFlux} = createRequire(import.meta.url)('@influxdata/giraffe')
