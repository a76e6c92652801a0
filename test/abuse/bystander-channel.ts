/** The channel of the readers that do nothing wrong; here, since whoever imports `victim.ts` starts servers. */
export const bystanderChannel = 'bystanders'
