/** The channel of the readers that do nothing wrong; here, since whoever imports `victim.ts` starts servers. */
export const bystanderChannel = 'bystanders'

/** A channel that tells the time ten times a second, for those who hold a token. */
export const tickingChannel = 'ticking'
