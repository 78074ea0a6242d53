let count = 0;
exports.handler = async (event) => {
  count += 1;
  if (event.greet === 'nobody') throw new Error('there is nobody to greet');
  return `${process.env.GREETING} ${event.greet} ${count}`;
};
