// @ts-check
/** @typedef {'sse' | 'websocket' | 'long-poll'} Transport */

/**
 * Which transport carries what. Either may be put on any.
 *
 * @type {{ feeds: Transport, chat: Transport }}
 */
export const transports = { feeds: 'sse', chat: 'websocket' }
