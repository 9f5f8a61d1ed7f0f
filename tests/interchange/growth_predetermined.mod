/* Stochastic growth with partial depreciation: capital has the date at which it produces,
   so that it is declared as predetermined. */
var c $C$ (long_name = 'consumption'), y, k, z;
varexo e;
predetermined_variables k;
parameters alpha, beta, delta, rho;

alpha = 0.36;
beta = 0.99;
delta = 0.1;
rho = 0.9;

model;
  # gross = 1 - delta + alpha*y(+1)/k(+1);   % a local definition that looks ahead
  1/c = beta*gross/c(+1);
  y = exp(z)*k^alpha;
  k(+1) = (1-delta)*k + y - c;
  z = rho*z(-1) + e;
end;

steady_state_model;
  z = 0;
  k = (alpha/(1/beta - 1 + delta))^(1/(1-alpha));
  y = k^alpha;
  c = y - delta*k;
end;

shocks;
  var e = 0.04^2;
end;

stoch_simul(order=1);
