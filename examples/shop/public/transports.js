// @ts-check
/** @typedef {'auto' | 'sse' | 'websocket' | 'long-poll'} Transport */

/**
 * Which transport carries what. Either may be put on any; `auto` leaves it to the shop's plan and to what is measured.
 *
 * @type {{ feeds: Transport, chat: Transport }}
 */
export const transports = { feeds: 'auto', chat: 'websocket' }
