// Stochastic growth with constant relative risk aversion (Coleman, Lyon, Maliar and Maliar, 2021).
// Productivity is in levels, as in the paper; the scale gives capital of one in the steady state.
var c, k, a, y, invest;
varexo e;
parameters alpha, beta, gamma, delta, rho, sigma, scale;

alpha = 0.36;
beta = 0.99;
gamma = 2;
delta = 0.02;
rho = 0.95;
sigma = 0.01;
scale = (1/beta - 1 + delta)/alpha;

model;
  c^(-gamma) = beta*c(+1)^(-gamma)*(1 - delta + alpha*y(+1)/k);
  y = scale*a*k(-1)^alpha;
  y = c + invest;
  k = (1 - delta)*k(-1) + invest;
  log(a) = rho*log(a(-1)) + sigma*e;
end;

steady_state_model;
  a = 1;
  k = 1;
  y = scale;
  invest = delta;
  c = y - invest;
end;

shocks;
  var e; stderr 1;
end;
